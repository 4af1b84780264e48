/** Which branches of `src` were reached. Sources that `count-branches.ts` has loaded call `hit` in each of them. */

const BRANCHES_MAX = 65_536

const reachedInBlock = new Uint8Array(BRANCHES_MAX)
const reachedEver = new Uint8Array(BRANCHES_MAX)
let inBlock = 0
let ever = 0
let isMore = false

export function hit(branch: number): void {
  if (reachedInBlock[branch] !== 0) return
  reachedInBlock[branch] = 1
  inBlock += 1
  isMore = true
  if (reachedEver[branch] === 0) {
    reachedEver[branch] = 1
    ever += 1
  }
}

/** Whether a branch was reached since the last call that had not been reached before. */
export function reachedMore(): boolean {
  const was = isMore
  isMore = false
  return was
}

export function forgetBranches(): void {
  reachedInBlock.fill(0)
  inBlock = 0
  isMore = false
}

export function branchesReached(): number {
  return inBlock
}

/** In this process, in all blocks. */
export function branchesEver(): { readonly reached: number; isReached(branch: number): boolean } {
  return { reached: ever, isReached: (branch) => reachedEver[branch] === 1 }
}
