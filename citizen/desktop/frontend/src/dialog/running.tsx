// SPDX-License-Identifier: EUPL-1.2
import { stepText, t } from '../i18n'
import { Notice } from '../parts/notice'
import type { Progress } from '../generated/state'
import { Body } from './body'

/** T13 above the bar, the stage below it. */
export function Running({ progress }: { progress: Progress | undefined }) {
  const c = t()
  return (
    <Body title={c.T13}>
      <div
        class={progress?.endless ? 'track endless' : 'track'} role="progressbar" aria-label={c.progress.bar}
        aria-valuemin={0} aria-valuemax={100} aria-valuenow={progress?.endless ? undefined : progress?.percent}
      >
        <div class="bar" style={{ width: `${progress?.percent ?? 0}%` }} />
      </div>
      <p class="stage">{progress ? stage(progress) : ''}</p>
      <p class="quiet">{progress?.note ? c.notes[progress.note] ?? '' : ''}</p>
      <Notice kind="warning">
        <p class="lead">{c.progress.keep}</p>
        <p>{c.progress.safe}</p>
      </Notice>
    </Body>
  )
}

/** The text of the step under way, or of the wait. */
export function stage(p: Progress): string {
  const c = t()
  if (!p.waiting) return stepText(p.step)
  return p.position ? c.progress.queue(p.position, p.seconds ?? 0) : c.progress.wait(p.seconds ?? 0)
}
