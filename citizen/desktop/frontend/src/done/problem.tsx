// SPDX-License-Identifier: EUPL-1.2
import { explain } from '../failures'
import type { Done } from '../generated/state'

/** Why the last phase did not succeed. */
export function Problem({ done }: { done: Done }) {
  if (!done.problem) return null
  const e = explain(done.problem)
  return <div class="field-error" role="alert"><p>{e.what}</p><p>{e.act}</p></div>
}
