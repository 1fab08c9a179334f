// SPDX-License-Identifier: EUPL-1.2
import { useEffect, useState } from 'preact/hooks'
import { leavePage, poll, Refused } from '../api'
import type { State } from '../generated/state'
import { codeRefused } from '../secret'

export interface Connection { state: State | undefined; lost: false | 'silent' | 'refused' }

/** Follows the program's state for as long as the page is shown. Lost: the program does not answer. */
export function useProgram(): Connection {
  const [connection, setConnection] = useState<Connection>({ state: undefined, lost: false })
  useEffect(() => {
    let current: Connection = { state: undefined, lost: false }
    const follow = async () => {
      for (;;) {
        const since = current.lost ? -1 : current.state?.version ?? -1
        try {
          current = { state: await poll(since), lost: false }
        } catch (e) {
          current = { ...current, lost: e instanceof Refused || codeRefused() ? 'refused' : 'silent' }
        }
        setConnection(current)
        if (current.lost) await new Promise((r) => setTimeout(r, 1000))
      }
    }
    void follow()
    addEventListener('beforeunload', (e) => { if (current.state?.screen === 'running') e.preventDefault() })
    addEventListener('pagehide', leavePage)
  }, [])
  return connection
}
