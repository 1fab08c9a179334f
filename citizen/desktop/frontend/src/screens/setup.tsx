// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { Panel } from '../parts/panel'
import { Title } from '../parts/title'
import type { State } from '../generated/state'
import { SetupCompare } from './setupcompare'
import { SetupForm } from './setupform'

/** The first screen of a program that knows no service: what is missing, and the service that a person enters. */
export function Setup({ state }: { state: State }) {
  const c = t().setup
  const setup = state.setup ?? {}
  return (
    <Panel>
      <Title>{setup.roots ? c.compareTitle : c.title}</Title>
      {setup.roots ? <SetupCompare setup={setup} /> : <SetupForm setup={setup} />}
    </Panel>
  )
}
