// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Notice } from '../parts/notice'
import type { Typing } from '../generated/state'
import { Body } from './body'

/** The reader asks for a code, and the time that it gives for it. */
export function AtReader({ typing }: { typing: Typing }) {
  const c = t()
  return (
    <Body title={c.pinpad.now[typing.code]} describedBy="reader-confirm">
      <p class="lead" id="reader-confirm">{c.pinpad.confirm}</p>
      <p role="timer">{c.pinpad.left(typing.seconds)}</p>
      <p>{c.pinpad.hidden}</p>
      <Notice kind="warning"><p class="lead">{c.progress.keep}</p></Notice>
    </Body>
  )
}
