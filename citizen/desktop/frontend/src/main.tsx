// SPDX-License-Identifier: EUPL-1.2
import './style.scss'
import { render } from 'preact'
import { App } from './frame/app'

render(<App />, document.getElementById('app')!)
