// Imported by the scripts that run.mjs starts: when run.mjs was killed outright, they end instead of going on alone.

process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'))
process.channel?.unref()
