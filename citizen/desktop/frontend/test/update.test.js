// SPDX-License-Identifier: EUPL-1.2

// The notice of a newer version: the real program, built with a release key, and the real service that publishes a
// signed manifest. The computer's smart cards, which may be another person's, are out of reach.
import AxeBuilder from '@axe-core/playwright'
import assert from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, before, test } from 'node:test'
import { examine } from './look.js'
import { open } from './window.js'

const dir = mkdtempSync(join(tmpdir(), 'rinnova-update-'))
const packages = join(dir, 'packages')
const bin = (name) => join(dir, name)
const run = (...command) => execFileSync(command[0], command.slice(1), { encoding: 'utf8' }).trim()
let service, address

function publish(version, minimum, serial) {
  run(
    bin('release'),
    'manifest',
    '--dir',
    packages,
    '--version',
    version,
    '--minimum',
    minimum,
    '--serial',
    String(serial),
    '--expires',
    '2099-12-31',
    '--key',
    bin('key'),
  )
}

before(async () => {
  run('go', 'build', '-o', dir + '/', '../../../cmd/rinnovad', '../../../cmd/release')
  const key = run(bin('release'), 'key', '--out', bin('key'))
  run(
    'go',
    'build',
    '-ldflags',
    `-X main.version=1.0.0 -X main.releaseKeys=${key}`,
    '-o',
    bin('rinnova'),
    '../../../cmd/rinnova',
  )
  mkdirSync(packages)
  writeFileSync(join(packages, 'rinnova_1.1.0_amd64.deb'), 'a package')
  run(bin('rinnovad'), 'init', '--dir', bin('service'))
  const file = join(packages, 'operator.json')
  run(bin('rinnovad'), 'operator', '--dir', bin('service'), '--service', 'https://rinnova.example', '--out', file)
  writeFileSync(join(packages, 'SHA256SUMS'), run('sh', '-c', `cd '${packages}' && sha256sum *.deb operator.json`))
  service = spawn(
    bin('rinnovad'),
    ['serve', '--dir', bin('service'), '--listen', '127.0.0.1:0', '--login', '127.0.0.1:0', '--packages', packages],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const [line] = await once(createInterface({ input: service.stdout }), 'line')
  address = /cmp=(\S+)/.exec(line)[1]
  // The command that opens a browser on this system, without one.
  writeFileSync(bin('xdg-open'), `#!/bin/sh\necho "$1" >${bin('opened')}\n`, { mode: 0o755 })
})
after(async () => {
  if (service) {
    service.kill()
    await once(service, 'exit')
  }
  rmSync(dir, { recursive: true })
})

async function start(state, { env = {}, ...context } = {}) {
  return await open({
    program: bin('rinnova'),
    demo: false,
    flags: ['--service', address, '--ca', bin('service/ca.pem'), '--tls-ca', bin('service/tls.pem')],
    env: {
      XDG_STATE_HOME: bin(state),
      PATH: `${dir}:${process.env.PATH}`,
      PCSCLITE_CSOCK_NAME: bin('no-pcscd'),
      ...env,
    },
    ...context,
  })
}

async function known(w) {
  for (let i = 0; i < 400; i++) {
    const { update } = await w.state()
    if (update.state !== 'checking') {
      await w.screen('no-service')
      return update
    }
    await w.tab.waitForTimeout(25)
  }
  assert.fail('the check does not end')
}

test('a newer version: told quietly, put away, still known on the page about the program', async () => {
  publish('1.1.0', '1.0.0', 1)
  const w = await start('one', { reducedMotion: 'reduce' })
  assert.equal((await known(w)).state, 'newer')
  await w.tab.getByRole('heading', { name: 'È disponibile la versione 1.1.0' }).waitFor()
  await w.tab.getByText(`${address}/driver`, { exact: true }).waitFor()
  assert.equal(await w.tab.evaluate(() => document.activeElement?.closest('.news')), null, 'it takes no focus')
  await examine(w, 'update')
  await w.click('Apri la pagina')
  const opened = () => (existsSync(bin('opened')) ? readFileSync(bin('opened'), 'utf8').trim() : '')
  for (let i = 0; i < 200 && !opened(); i++) await w.tab.waitForTimeout(25)
  assert.equal(opened(), `${address}/driver`)
  await w.click('Non adesso')
  await w.tab.getByRole('heading', { name: 'È disponibile la versione 1.1.0' }).waitFor({ state: 'detached' })
  await w.tab.getByRole('link', { name: 'Informazioni' }).click()
  await w.tab.getByRole('heading', { name: 'È disponibile la versione 1.1.0' }).waitFor()
  await w.shot('update-about')
  assert.deepEqual(
    (await new AxeBuilder({ page: w.tab }).analyze()).violations.map((v) => v.id),
    [],
  )
  await w.close()
})

test('a version that is not looked after any more, in German', async () => {
  publish('1.1.0', '1.0.1', 2)
  const w = await start('one', { locale: 'de-DE' })
  assert.equal((await known(w)).state, 'unsupported')
  await w.tab.getByText(/Sie verwenden die Version 1\.0\.0, die nicht mehr gepflegt wird/).waitFor()
  await w.shot('update-unsupported-de')
  await w.close()
})

test('a check that fails disturbs nobody: it is told on the page about the program alone', async () => {
  copyFileSync(join(packages, 'rinnova_1.1.0_amd64.deb'), join(packages, 'manifest.json'))
  const w = await start('one')
  const u = await known(w)
  assert.deepEqual([u.state, u.code], ['failed', 'update-signature'])
  assert.equal(await w.tab.locator('.news').count(), 0)
  await w.tab.getByRole('link', { name: 'Informazioni' }).click()
  await w.tab
    .getByText(/Non è stato possibile sapere se c’è una versione nuova\. L’elenco delle versioni non è firmato/)
    .waitFor()
  await w.shot('update-failed')
  await w.close()
})

test('settings of the administrators that cannot be used: the window opens and says which', async () => {
  writeFileSync(bin('settings.json'), '{"UpdateCheck": "never"}')
  const w = await start('one', { env: { RINNOVA_SETTINGS: bin('settings.json') } })
  const u = await known(w)
  assert.deepEqual([u.state, u.code], ['failed', 'settings-malformed'])
  await w.tab.getByRole('link', { name: 'Informazioni' }).click()
  await w.tab
    .getByText(/Le impostazioni di chi amministra il computer non sono valide: .*settings\.json, UpdateCheck\./)
    .waitFor()
  await w.tab.getByRole('link', { name: 'Diagnosi', exact: true }).click()
  await w.tab.locator('.findings').getByText(/Le impostazioni di chi amministra il computer non sono valide/).first()
    .waitFor()
  await w.shot('update-settings')
  await w.close()
})
