import { createServer } from 'node:net'
import { expect, it } from 'vitest'
import { askByHttp, controlOf } from './control.ts'

const answering = (status: number, value: object) =>
  controlOf(async () => ({ status, body: JSON.stringify(value) }))

it('an order that WeChat Pay does not know has no truth', async () => {
  const control = answering(404, { code: 'ORDER_UNKNOWN', message: 'T1 is no order of this simulator' })
  expect(await control.truthOf('T1')).toBeNull()
})

it('a refusal keeps its code and its sentence', async () => {
  const control = answering(409, { code: 'ORDER_STATE', message: 'its 45 s are over' })
  await expect(control.act('T1', 'pay')).rejects.toMatchObject({
    code: 'ORDER_STATE',
    message: 'its 45 s are over',
  })
})

it('what is broken there is no fault of the caller', async () => {
  const control = answering(500, { code: 'SIMULATOR_BROKEN', message: 'a bug' })
  await expect(control.truthOf('T1')).rejects.toMatchObject({ code: 'INTERNAL' })
})

it('a simulator that is gone is one that is started again', async () => {
  // A port that was free a moment ago.
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  const control = controlOf(askByHttp(`http://127.0.0.1:${port}`))
  await expect(control.truthOf('T1')).rejects.toMatchObject({ code: 'CLOSED' })
})
