// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import type { Explained, State } from '../generated/state'
import { Icon } from './icon'

const icons = { well: 'ok', warning: 'warning', bad: 'error', unknown: 'info' } as const

/** One finding of the diagnosis: how it is, what was seen, what to do. */
export function FindingItem({ finding, system }: { finding: Explained; system: State['system'] }) {
  const c = t().diagnosis
  // The text of the code names every system; here only this one's steps are of use.
  const advice = finding.code === 'no-smartcard-service' ? t().noService.steps[system].join(' ') : finding.do
  return (
    <li class={`finding finding-${finding.level}`}>
      <Icon name={icons[finding.level]} />
      <div>
        <h2><span class="visually-hidden">{c.level[finding.level]}: </span>{finding.title}</h2>
        <p>{finding.what}</p>
        {finding.seen && <p class="quiet">{finding.seen}</p>}
        {advice && finding.level !== 'well' && <p>{advice}</p>}
        {finding.code && <p class="quiet">{c.code} <code>{finding.code}</code> ({finding.number})</p>}
      </div>
    </li>
  )
}
