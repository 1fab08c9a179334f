// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { AboutPage } from '../pages/about'
import { AccessibilityPage } from '../pages/accessibility'
import { DiagnosisPage } from '../pages/diagnosis'
import { GuidePage } from '../pages/guide'
import type { Page } from '../pages/page'
import { News } from '../parts/news'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'
import { Screen } from '../screens/screen'
import type { State } from '../generated/state'
import { Lost } from './lost'

interface Props {
  page: Page
  state: State
  /** The last state that this view was drawn from: it stays so behind the dialog. */
  behind: State | undefined
  lost: false | 'silent' | 'refused'
}

/** The view under the head. */
export function Main({ page, state, behind, lost }: Props) {
  if (lost) return <Lost why={lost} />
  switch (page) {
    case 'diagnosis': return <DiagnosisPage system={state.system} />
    case 'guide': return <GuidePage />
    case 'about': return <AboutPage state={state} />
    case 'accessibility': return <AccessibilityPage />
    case 'card': return behind
      ? <><Screen state={behind} /><News state={behind} canHide /></>
      : <Panel><Title>{t().card.title}</Title></Panel>
  }
}
