// SPDX-License-Identifier: EUPL-1.2

// The first screen of a program that knows no service, and of one whose package told it. The real program and the real
// service; the computer's smart cards, which may be another person's, are out of reach.
import AxeBuilder from '@axe-core/playwright'
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { examine } from './look.js'
import { artifacts, open } from './window.js'

const dir = mkdtempSync(join(tmpdir(), 'rinnova-setup-'))
const bin = (name) => join(dir, name)
const run = (...command) => execFileSync(command[0], command.slice(1), { encoding: 'utf8' }).trim()
let service, address

before(async () => {
  run('go', 'build', '-o', dir + '/', '../../../cmd/rinnovad')
  run(bin('rinnovad'), 'init', '--dir', bin('service'))
  service = spawn(
    bin('rinnovad'),
    ['serve', '--dir', bin('service'), '--listen', '127.0.0.1:0', '--login', '127.0.0.1:0'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const [line] = await once(createInterface({ input: service.stdout }), 'line')
  address = /cmp=(\S+)/.exec(line)[1]
})
after(async () => {
  if (service) {
    service.kill()
    await once(service, 'exit')
  }
  rmSync(dir, { recursive: true })
})

/** The program of a person whose settings are in a folder. */
async function start(person, { env = {}, ...context } = {}) {
  return await open({
    demo: false,
    flags: [],
    env: {
      HOME: bin(person),
      XDG_CONFIG_HOME: bin(person),
      XDG_STATE_HOME: bin(person),
      PCSCLITE_CSOCK_NAME: bin('no-pcscd'),
      ...env,
    },
    ...context,
  })
}

async function accessible(w) {
  assert.deepEqual(
    (await new AxeBuilder({ page: w.tab }).analyze()).violations.map((v) => v.id),
    [],
  )
}

test('a program that knows no service says so, takes one, and keeps it for this person', async () => {
  const w = await start('person', { reducedMotion: 'reduce', width: 1366, height: 660 })
  await w.screen('setup')
  await w.tab.getByRole('heading', { level: 1, name: 'Manca il servizio di rinnovo' }).waitFor()
  await w.tab.getByText(/scarica e installa il programma dalla pagina «Elenco driver»/).waitFor()
  await examine(w, 'setup-form')

  await w.click('CONTROLLA')
  await w.tab.getByRole('alert').getByText('Scrivi l’indirizzo del servizio.').waitFor()
  await w.tab.getByLabel('Indirizzo del servizio').fill('http://rinnova.example')
  await w.click('CONTROLLA')
  await w.tab.getByRole('alert').getByText('Scegli il file dei certificati radice di chi emette.').waitFor()
  const roots = w.tab.getByLabel(/^Certificati radice di chi emette/)
  await roots.setInputFiles(bin('service/ca.pem'))
  await w.click('CONTROLLA')
  await w.tab.getByRole('alert').getByText(/L’indirizzo del servizio non è valido/).waitFor()
  await accessible(w)
  assert.equal(await w.tab.getByLabel('Indirizzo del servizio').inputValue(), 'http://rinnova.example')

  await w.tab.getByLabel('Indirizzo del servizio').fill(address)
  writeFileSync(bin('notes.txt'), 'notes')
  await roots.setInputFiles(bin('notes.txt'))
  await w.click('CONTROLLA')
  await w.tab.getByRole('alert').getByText(/certificati radice .*non è leggibile/).waitFor()

  await roots.setInputFiles(bin('service/ca.pem'))
  await w.tab.getByLabel(/^Certificati radice del server/).setInputFiles(bin('service/tls.pem'))
  await w.click('CONTROLLA')
  await w.tab.getByRole('heading', { level: 1, name: 'Confronta le impronte' }).waitFor()
  for (const file of ['ca.pem', 'tls.pem']) {
    const print = run('openssl', 'x509', '-in', bin(`service/${file}`), '-noout', '-fingerprint', '-sha256')
    await w.tab.getByText(print.split('=')[1], { exact: true }).waitFor()
  }
  await examine(w, 'setup-compare')
  assert.ok(!existsSync(bin('person/rinnova/operator.json')), 'nothing is kept before the person compared')

  await w.click('CORREGGI')
  await w.tab.getByRole('heading', { level: 1, name: 'Manca il servizio di rinnovo' }).waitFor()
  assert.equal(await w.tab.getByLabel('Indirizzo del servizio').inputValue(), address)
  await roots.setInputFiles(bin('service/ca.pem'))
  await w.tab.getByLabel(/^Certificati radice del server/).setInputFiles(bin('service/tls.pem'))
  await w.click('CONTROLLA')
  await w.click('SONO UGUALI, CONTINUA')
  await w.screen('no-service')
  const kept = JSON.parse(readFileSync(bin('person/rinnova/operator.json'), 'utf8'))
  assert.equal(kept.Service, address)
  assert.equal(kept.CA, readFileSync(bin('service/ca.pem'), 'utf8'))
  await w.tab.getByRole('link', { name: 'Diagnosi', exact: true }).click()
  await w.tab.getByText('Il servizio risponde.', { exact: true }).waitFor()
  await w.tab.getByText(address, { exact: true }).waitFor()
  await w.close()

  const again = await start('person')
  await again.screen('no-service') // of smart cards: the service is known
  await again.close()
})

test('a program whose package knows the service asks nothing and shows the assistance', async () => {
  const file = bin('operator.json')
  const flags = ['--telephone', '+39 06 0000', '--mail', 'aiuto@rinnova.example', '--hours', 'lun–ven 8–18']
  run(bin('rinnovad'), 'operator', '--dir', bin('service'), '--service', address, ...flags, '--out', file)
  const w = await start('another', { env: { RINNOVA_OPERATOR: file }, reducedMotion: 'reduce' })
  await w.screen('no-service')
  await w.tab.getByRole('link', { name: 'Informazioni' }).click()
  for (const text of ['Assistenza', '+39 06 0000', 'aiuto@rinnova.example', 'lun–ven 8–18']) {
    await w.tab.getByText(text, { exact: true }).waitFor()
  }
  await w.shot('setup-about')
  await accessible(w)
  await w.close()
})

test('in German, and an operator.json that cannot be used', async () => {
  const w = await start('german', { locale: 'de-DE' })
  await w.tab.getByRole('heading', { level: 1, name: 'Der Erneuerungsdienst fehlt' }).waitFor()
  await w.shot('setup-de')
  await w.close()

  writeFileSync(bin('bad.json'), '{"Service": "http://rinnova.example"}')
  const bad = await start('german', { env: { RINNOVA_OPERATOR: bin('bad.json') } })
  await bad.screen('no-service')
  await bad.tab.getByRole('link', { name: 'Informazioni' }).click()
  await bad.tab.getByText(/Il file operator\.json, .*bad\.json, Service\./).waitFor()
  await bad.close()
  assert.ok(existsSync(artifacts))
})
