// SPDX-License-Identifier: EUPL-1.2
import { useEffect, useState } from 'preact/hooks'
import { t } from '../i18n'

/** Counts the minute down between two states; the program decides when it is over. */
export function SecondsLeft({ seconds }: { seconds: number }) {
  const [left, setLeft] = useState(seconds)
  useEffect(() => {
    setLeft(seconds)
    const clock = setInterval(() => { setLeft((n) => Math.max(0, n - 1)) }, 1000)
    return () => { clearInterval(clock) }
  }, [seconds])
  return <p class="left" id="left">{t().done.left(left)}</p>
}
