// SPDX-License-Identifier: EUPL-1.2

// Steps 1 and 2 of the guide on a computer with Windows: from the portal's first page to the package for this computer,
// which it leaves in a folder. It prints the file's name.
// usage: node download.js PORTAL FOLDER SCREENSHOTS
import { open } from './window.js'

const [address, folder, shots] = process.argv.slice(2)
const userAgent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) ' +
  'Chrome/140.0.0.0 Safari/537.36'
const w = await open({ address, userAgent })
await w.shot(`${shots}-portal`)
await w.tab.getByRole('link', { name: 'Elenco driver' }).first().click()
await w.tab.getByRole('heading', { name: 'Elenco driver', level: 1 }).waitFor()
await w.shot(`${shots}-drivers`)
const download = w.tab.waitForEvent('download')
await w.tab.getByRole('link', { name: /Scarica il tool RINNOVA/ }).first().click()
const file = await download
await file.saveAs(`${folder}/${file.suggestedFilename()}`)
console.log(file.suggestedFilename())
await w.close()
