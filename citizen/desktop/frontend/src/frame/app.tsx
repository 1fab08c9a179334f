// SPDX-License-Identifier: EUPL-1.2
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { Banner } from '../demo/banner'
import { Bench, type Setting } from '../demo/bench'
import { inDialog, Renewal } from '../dialog/renewal'
import { t } from '../i18n'
import { pageOf } from '../pages/page'
import { apply, keptSettings, onSystemColours } from '../settings'
import type { State } from '../generated/state'
import { useProgram } from './connection'
import { useTitleFocus } from './focus'
import { Head } from './head'
import { Lost } from './lost'
import { Main } from './main'

/** The whole page. */
export function App() {
  const { state, lost } = useProgram()
  const [settings, setSettings] = useState(keptSettings)
  const [page, setPage] = useState(() => pageOf(location.hash))
  const [bench, setBench] = useState<Setting>({ series: '', fault: '', open: true })
  const main = useRef<HTMLElement>(null)
  const behind = useRef<State | undefined>(undefined)
  const dialog = state !== undefined && inDialog(state)
  const view = dialog ? '' : state?.screen
  if (state && !dialog) behind.current = state

  apply(settings)
  useEffect(() => onSystemColours(() => { setSettings((s) => ({ ...s })) }), [])
  useEffect(() => {
    const turn = () => { setPage(pageOf(location.hash)) }
    addEventListener('hashchange', turn)
    return () => { removeEventListener('hashchange', turn) }
  }, [])
  useLayoutEffect(() => { document.title = `${t().nav[page]} · ${t().name}` })
  useLayoutEffect(() => { scrollTo(0, 0) }, [view])
  const message = useTitleFocus(main, page, dialog)

  const demo = state?.demo
  const table = demo && <Bench demo={demo} setting={bench} onChange={setBench} />
  return (
    <>
      {demo && <Banner demo={demo} />}
      <Head page={page} settings={settings} onChange={setSettings} onSkip={() => { main.current?.focus() }} />
      <main id="main" tabIndex={-1} ref={main}>
        {state && <Main page={page} state={state} behind={behind.current} lost={lost} />}
        {!state && lost && <Lost why={lost} />}
      </main>
      <div class="under">{!dialog && table}</div>
      <p class="visually-hidden" role="status">{message}</p>
      {dialog && <Renewal state={state} below={table} />}
    </>
  )
}
