// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Again } from '../parts/again'
import { Contact } from '../parts/contact'
import { Notice } from '../parts/notice'
import { OtherReader } from '../parts/otherreader'
import { Panel } from '../parts/panel'
import { Reasons } from '../parts/reasons'
import { ReportContents } from '../parts/reportcontents'
import { ReportOffer } from '../parts/reportoffer'
import { Title } from '../parts/title'
import type { State } from '../generated/state'

/** Failures of a card that may be the right one. */
const maybeRight = new Set([
  'card-mute', 'reader-failed', 'card-busy', 'card-malformed', 'card-removed', 'card-error', 'card-reset', 'internal',
  'no-card', 'no-reader', 'no-smartcard-service', 'service-not-given', 'service-malformed', 'ca-needed',
  'ca-unreadable', 'settings-malformed', 'operator-malformed', 'proxy-malformed',
])

export function Unreadable({ state }: { state: State }) {
  const c = t().unreadable
  const failure = state.failure!
  return (
    <Panel>
      <Notice kind="warning">
        <Title>{maybeRight.has(failure.code) ? c.silent : c.title}</Title>
        <Reasons failure={failure} page={state.page} />
      </Notice>
      <Again>{c.retry}</Again>
      <OtherReader state={state} />
      {state.contents && <ReportOffer state={state} />}
      <Contact contact={state.contact} />
      {state.contents && <ReportContents contents={state.contents} />}
    </Panel>
  )
}
