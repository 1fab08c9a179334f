// SPDX-License-Identifier: EUPL-1.2
import { day, t } from '../i18n'
import type { Demo } from '../generated/state'

/** Marks the demonstration: a line above the page and a watermark over it. */
export function Banner({ demo }: { demo: Demo }) {
  return (
    <>
      <section class="demo-banner" aria-label={t().demo.mark}><p>{t().demo.banner(day(demo.date))}</p></section>
      <div class="watermark" aria-hidden="true" />
    </>
  )
}
