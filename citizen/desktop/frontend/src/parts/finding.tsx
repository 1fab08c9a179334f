// SPDX-License-Identifier: EUPL-1.2
import { useState } from 'preact/hooks'
import { act, changeBrowsers } from '../api'
import { explainCode } from '../failures'
import { t } from '../i18n'
import type { Action, Explained, State } from '../generated/state'
import { Button } from './button'
import { Icon } from './icon'

const icons = { well: 'ok', warning: 'warning', bad: 'error', unknown: 'info' } as const

interface Props { finding: Explained; system: State['system']; id: string | undefined; onDone: () => void }

/** One finding of the diagnosis: how it is, what was seen, what to do, and the button that does it. */
export function FindingItem({ finding, system, id, onDone }: Props) {
  const c = t().diagnosis
  // The text of the code names every system; here only this one's steps are of use.
  const advice = finding.code === 'no-smartcard-service' ? t().noService.steps[system].join(' ') : finding.do
  const { action } = finding
  const [problem, setProblem] = useState('')
  const press = async (a: Action) => {
    const failed = await mend(a).catch(() => t().lost.text)
    setProblem(failed)
    if (!failed) onDone()
  }
  return (
    <li class={`finding finding-${finding.level}`}>
      <Icon name={icons[finding.level]} />
      <div>
        <h2 id={id} tabIndex={id ? -1 : undefined}>
          <span class="visually-hidden">{c.level[finding.level]}: </span>{finding.title}
        </h2>
        <p>{finding.what}</p>
        {finding.seen && <p class="quiet">{finding.seen}</p>}
        {advice && <p>{advice}</p>}
        {action && (
          <p><Button kind="outline-primary" onClick={() => press(action)}>{c.actions[action]}</Button></p>
        )}
        {problem && <p class="field-error" role="alert">{problem}</p>}
        {finding.number !== undefined && finding.level !== 'unknown' && (
          <p class="quiet">{c.code} <code>{finding.code ?? finding.note}</code> ({finding.number})</p>
        )}
      </div>
    </li>
  )
}

/** Does the action of a finding, and returns why it failed. Work on the card is done on the card's page. */
async function mend(action: Action): Promise<string> {
  switch (action) {
    case 'card':
      await act('again') // what is mended is seen there
      location.hash = '#card'
      return ''
    case 'unblock':
      await act('pin-unblock')
      location.hash = '#card'
      return ''
    case 'browsers': {
      const { failure, text } = await changeBrowsers('add')
      if (!failure) return ''
      const e = explainCode(failure, text)
      return `${e.what} ${e.act}`
    }
    default:
      return await act('mend', { action }) ? '' : t().diagnosis.notMended
  }
}
