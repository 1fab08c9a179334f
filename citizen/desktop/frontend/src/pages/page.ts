// SPDX-License-Identifier: EUPL-1.2

export const pages = ['card', 'guide', 'diagnosis', 'about', 'accessibility'] as const
export type Page = typeof pages[number]

/** The page that an address names: the card's, where it names none. */
export function pageOf(hash: string): Page {
  return pages.find((p) => `#${p}` === hash) ?? 'card'
}
