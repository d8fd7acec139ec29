import { defineConfig } from 'vitest/config'

// One file after the other: a browser, a server and a worker are enough for a small machine. The camera is no test: it is
// run by `make screenshots`, with the tests' house and browser.
export default defineConfig(({ mode }) => ({
  resolve: { conditions: ['headway-source'] },
  test: {
    include: [mode === 'camera' ? 'e2e/camera.ts' : 'e2e/**/*.test.ts'],
    environment: 'node',
    globalSetup: ['e2e/browser.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    teardownTimeout: 20_000,
  },
}))
