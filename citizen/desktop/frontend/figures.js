// SPDX-License-Identifier: EUPL-1.2

// Takes the guide's figures: the screens of the real program in its demonstration, without the marks and the bench of
// the demonstration. Bars and animations stand still, so that two builds take the same pictures.
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { empty, pin, puk, withoutPuk, withPuk } from './test/tour.js'
import { open, PIN, PUK } from './test/window.js'

const folder = fileURLToPath(new URL('../../../guide/screens/', import.meta.url))
mkdirSync(folder, { recursive: true })

const style = `
  .demo-banner, .watermark, .under, .bench { display: none !important; }
  .bar { width: 40% !important; }
  *, ::before, ::after { animation: none !important; transition: none !important; caret-color: transparent !important; }
`

const options = { width: 800, height: 600, bypassCSP: true }

async function take(w, number) {
  await w.tab.mouse.move(0, 0)
  // The demonstration's cards have numbers made at random.
  await w.tab.evaluate(() => {
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT)
    while (texts.nextNode()) {
      texts.currentNode.data = texts.currentNode.data.replace(/(\d{4}…)\d{3}/, '$1123')
    }
  })
  await w.tab.screenshot({
    path: `${folder}figura-${String(number).padStart(2, '0')}.png`,
    animations: 'disabled',
    style,
  })
}

const fast = await open(options)
await fast.bench('readers-off')
await fast.screen('no-reader')
await take(fast, 3)
await fast.bench('readers-on')
await fast.screen('no-card')
await fast.bench('insert', withPuk, 'slow-card')
await fast.screen('loading')
await fast.text('Rilevata modifica ai dispositivi. Caricamento in corso..')
await take(fast, 5)
await empty(fast)
await fast.bench('insert', withoutPuk, 'renewed')
await fast.screen('nothing')
await take(fast, 6)
await empty(fast)
await fast.bench('insert', withPuk)
await fast.screen('card')
await take(fast, 7)
await fast.click('RINNOVA')
await fast.screen('prompt')
await take(fast, 8)
await fast.click('INDIETRO')
await fast.screen('card')
await empty(fast)
await pin(fast, withoutPuk, 'cut-install')
await fast.code('Codice PIN', PIN)
await fast.screen('failed')
await take(fast, 15)
await fast.close()

// The stages, at the pace of a real card. A slow card stays in a stage until its picture is taken.
const real = await open({ ...options, flags: [] })
await pin(real, withoutPuk, 'slow-key')
await real.code('Codice PIN', PIN)
await real.text('Generazione chiave in corso ...')
await take(real, 9)
await empty(real)
await puk(real, 'slow-key')
await take(real, 11)
await real.code('Codice PUK', PUK)
await real.text('Generazione filesystem di firma in corso ...')
await take(real, 12)
await real.text('Generazione chiave in corso ...')
await take(real, 13)
await empty(real)
await puk(real, 'slow-install')
await real.code('Codice PUK', PUK)
await real.text('Installazione certificato in corso ...')
await take(real, 14)
await empty(real)
await puk(real)
await real.code('Codice PUK', PUK)
await real.screen('done')
await take(real, 16)
await real.close()
process.exit(0)
