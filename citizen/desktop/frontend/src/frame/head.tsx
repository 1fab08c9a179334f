// SPDX-License-Identifier: EUPL-1.2
import { t } from '../i18n'
import { pages, type Page } from '../pages/page'
import { Sign } from '../parts/sign'
import type { Settings } from '../settings'
import { Tools } from './tools'

interface Props { page: Page; settings: Settings; onChange: (settings: Settings) => void; onSkip: () => void }

export function Head({ page, settings, onChange, onSkip }: Props) {
  const c = t()
  return (
    <header class="head">
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); onSkip() }}>{c.skip}</a>
      <div class="brand">
        <Sign />
        <div><p class="brand-name">{c.name}</p><p class="brand-sub">{c.subtitle}</p></div>
      </div>
      <Tools settings={settings} onChange={onChange} />
      <nav aria-label={c.nav.label}>
        <ul role="list">
          {pages.map((p) => (
            <li key={p}>
              <a href={`#${p}`} id={`nav-${p}`} aria-current={p === page ? 'page' : undefined}>{c.nav[p]}</a>
            </li>
          ))}
        </ul>
      </nav>
    </header>
  )
}
