// SPDX-License-Identifier: EUPL-1.2

// The page in a browser proves itself by a secret, which it gets for the code of its address, once. It outlives a
// reload. In the program's own window there is neither.
const key = 'rinnova-secret'
let secret = ''
let refused = false

/** Whether the program refused the code of this page's address: it was used before. The program may have ended then. */
export function codeRefused(): boolean { return refused }

/** Takes the code out of the address and exchanges it for the secret. */
export async function enter(): Promise<void> {
  try { secret = sessionStorage.getItem(key) ?? '' } catch { /* storage is switched off: a reload needs a new start */ }
  const code = location.hash.slice(1)
  if (!/^[A-Z2-7]{26}$/.test(code)) return
  history.replaceState(null, '', location.pathname)
  const answer = await fetch('/api/enter', { method: 'POST', body: code })
  refused = !answer.ok
  if (refused) return
  secret = await answer.text()
  try { sessionStorage.setItem(key, secret) } catch { /* as above */ }
}

/** Sends a request to the program, with the secret where there is one. */
export async function request(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = new Headers(init.headers)
  if (secret) headers.set('X-Rinnova-Secret', secret)
  return await fetch(path, { ...init, headers })
}
