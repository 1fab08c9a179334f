// SPDX-License-Identifier: EUPL-1.2
import { useEffect, useRef, useState } from 'preact/hooks'
import { browsers, changeBrowsers } from '../api'
import { explainCode } from '../failures'
import { t } from '../i18n'
import { Button } from './button'
import { Notice } from './notice'
import type { Browsers, Store } from '../generated/state'

interface Props { found: Browsers; Heading: 'h2' | 'h3' }

/** The browsers of this computer, and the module by which they use the card. */
export function BrowsersSection({ found, Heading }: Props) {
  const c = t().browsers
  const [now, setNow] = useState(found)
  const [done, setDone] = useState('')
  const section = useRef<HTMLElement>(null)
  useEffect(() => { if (done || now.failure) section.current?.scrollIntoView({ block: 'nearest' }) }, [done, now])
  const able = now.list.filter((s) => !s.confined)
  const what = able.every((s) => s.ours) ? 'remove' : 'add'
  const change = () => changeBrowsers(what).then((b) => {
    setNow(b)
    setDone(b.failure ? '' : what === 'add' ? c.added : c.removed)
  }, () => { setDone(t().lost.text) })
  return (
    <section aria-labelledby="browsers" ref={section}>
      <Heading id="browsers">{c.title}</Heading>
      <p>{c.intro}</p>
      {now.list.length === 0 && <p>{c.none}</p>}
      <ul>{now.list.map((s) => <li key={s.folder}>{describe(s)}</li>)}</ul>
      <div role="status">
        {now.failure && <Notice kind="warning"><p>{failed(now)}</p></Notice>}
        {done && <Notice kind="ok"><p>{done}</p></Notice>}
      </div>
      {/* One button, which keeps the focus. */}
      {able.length > 0 && (
        <p class="actions">
          <Button kind={what === 'add' ? 'primary' : 'outline-primary'} onClick={change}>{c[what]}</Button>
        </p>
      )}
    </section>
  )
}

/** Offers the module while a browser lacks it. Nothing is shown where the program cannot add it. */
export function BrowsersOffer() {
  const [found, setFound] = useState<Browsers>()
  useEffect(() => { browsers().then(setFound, () => undefined) }, [])
  if (!found?.list.some((s) => !s.confined && !s.ours)) return null
  return <BrowsersSection found={found} Heading="h3" />
}

function failed(b: Browsers): string {
  const e = explainCode(b.failure, b.text)
  return `${e.what} ${e.act}`
}

function describe(s: Store): string {
  const c = t().browsers
  const state = s.confined ? c.confined(s.confined) : s.ours ? c.ours : s.running ? c.open : c.absent
  const others = s.modules.filter((m) => !m.library.endsWith('/librinnova-pkcs11.so')).map((m) => m.name)
  return `${s.browser}: ${state}${others.length ? `; ${c.others(others.join(', '))}` : ''}`
}
