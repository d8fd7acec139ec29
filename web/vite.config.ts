import tailwindcss from '@tailwindcss/vite'
import react from '@vitejs/plugin-react'
import { defineConfig } from 'vitest/config'
import { packed } from './packed.ts'

const server = process.env.HEADWAY_SERVER ?? 'http://127.0.0.1:8400'

export default defineConfig({
  base: './',
  plugins: [react(), tailwindcss(), packed()],
  resolve: { conditions: ['headway-source', 'module', 'browser', 'development|production'] },
  build: {
    outDir: '../src/headway/server/dashboard',
    emptyOutDir: true,
    target: 'es2022',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: { port: 5173, proxy: { '/api': { target: server, ws: true } } },
  test: {
    include: ['src/**/*.test.{ts,tsx}', 'test/**/*.test.{ts,tsx}'],
    environment: 'jsdom',
    setupFiles: ['test/setup.ts'],
    sequence: { shuffle: true },
  },
})
