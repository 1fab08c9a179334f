// SPDX-License-Identifier: EUPL-1.2
import { isLanguage, speak, type Language } from './i18n'

export const themes = ['auto', 'light', 'dark', 'contrast'] as const
export type Theme = typeof themes[number]
export const sizes = [100, 125, 150, 175, 200] as const

interface Settings { theme: Theme; size: number; language: Language }

const key = 'rinnova'

/** The look is the person's; it is kept where the web view lets us, and nowhere else. */
function kept(): Partial<Settings> {
  try { return JSON.parse(localStorage.getItem(key) ?? '{}') as Partial<Settings> } catch { return {} }
}

const saved = kept()
export const settings: Settings = {
  theme: themes.includes(saved.theme as Theme) ? saved.theme as Theme : 'auto',
  size: sizes.includes(saved.size as typeof sizes[number]) ? saved.size as number : 100,
  language: isLanguage(saved.language) ? saved.language : navigator.language.startsWith('de') ? 'de' : 'it',
}

const dark = matchMedia('(prefers-color-scheme: dark)')
const contrast = matchMedia('(prefers-contrast: more)')

export function apply(): void {
  const root = document.documentElement
  const auto = contrast.matches ? 'contrast' : dark.matches ? 'dark' : 'light'
  root.dataset.theme = settings.theme === 'auto' ? auto : settings.theme
  root.dataset.size = String(settings.size)
  speak(settings.language)
  try { localStorage.setItem(key, JSON.stringify(settings)) } catch { /* a web view may forbid it */ }
}

dark.addEventListener('change', apply)
contrast.addEventListener('change', apply)
