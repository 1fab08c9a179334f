// SPDX-License-Identifier: EUPL-1.2
import { defineConfig } from 'vite'

export default defineConfig({
  css: {
    preprocessorOptions: {
      scss: { silenceDeprecations: ['import', 'global-builtin', 'color-functions', 'if-function'], quietDeps: true },
    },
  },
  build: { assetsInlineLimit: 0, target: ['safari15', 'chrome100'], modulePreload: { polyfill: false } },
})
