// SPDX-License-Identifier: EUPL-1.2
import { languages, t, type Language } from '../i18n'
import { sizes, themes, type Settings, type Theme } from '../settings'
import { Resize } from './resize'

/** Size of the text, colours and language. */
export function Tools({ settings, onChange }: { settings: Settings; onChange: (settings: Settings) => void }) {
  const c = t().tools
  return (
    <div class="tools" role="group" aria-label={c.label}>
      <Resize size={settings.size} sizes={sizes} onChange={(size) => { onChange({ ...settings, size }) }} />
      <label class="visually-hidden" for="theme">{c.theme}</label>
      <select
        id="theme" value={settings.theme}
        onChange={(e) => { onChange({ ...settings, theme: e.currentTarget.value as Theme }) }}
      >
        {themes.map((x) => <option key={x} value={x}>{c.themes[x]}</option>)}
      </select>
      <label class="visually-hidden" for="language">{c.language}</label>
      <select
        id="language" value={settings.language}
        onChange={(e) => { onChange({ ...settings, language: e.currentTarget.value as Language }) }}
      >
        {Object.entries(languages).map(([k, name]) => <option key={k} value={k} lang={k}>{name}</option>)}
      </select>
    </div>
  )
}
