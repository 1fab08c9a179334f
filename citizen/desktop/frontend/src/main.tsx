// SPDX-License-Identifier: EUPL-1.2
import './style.scss'
import { render } from 'preact'
import { App } from './frame/app'
import { enter } from './secret'

void enter().catch(() => undefined).then(() => { render(<App />, document.getElementById('app')!) })
