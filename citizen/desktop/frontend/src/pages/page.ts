// SPDX-License-Identifier: EUPL-1.2

export const pages = ['card', 'guide', 'diagnosis', 'about', 'accessibility'] as const
export type Page = typeof pages[number]

/** The page that an address names: the card's, where it names none. */
export function pageOf(hash: string): Page {
  return pages.find((p) => `#${p}` === hash.split('/')[0]) ?? 'card'
}

/** The address of the diagnosis, at the finding of an area where one is named. */
export function diagnosisOf(area: string): string { return area ? `#diagnosis/${area}` : '#diagnosis' }

/** The area that an address of the diagnosis names, '' for none. */
export function areaOf(hash: string): string { return hash.split('/')[1] ?? '' }
