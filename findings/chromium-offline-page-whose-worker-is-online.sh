#!/bin/sh
# A page that is taken offline over the DevTools protocol (`Network.emulateNetworkConditions`, which is what
# `page.setOfflineMode(true)` of puppeteer sends) says `navigator.onLine === false`, but its service worker still has a
# network: what the page asks the worker for, the worker fetches from the server. So a test that reloads a page "offline"
# passes for a site that keeps nothing, as long as its worker only passes requests on. The worker is a target of its own; told
# the same in a session of its own it stays online all the same, with no error, until that session has sent `Network.enable`.
set -eu
. "$(dirname "$0")/lib.sh"

chromium_packages

cat >"$work/offline.mjs" <<'TEXT'
import http from 'node:http'
import puppeteer from 'puppeteer-core'

const worker = `
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()))
self.addEventListener('fetch', event => event.respondWith(fetch(event.request).catch(() => new Response('no network'))))`
const served = {'/': ['text/html', '<!doctype html><title>page</title>'], '/worker.js': ['text/javascript', worker]}
const server = http.createServer((request, response) => {
  const [type, body] = served[request.url] ?? ['text/plain', 'from the server']
  response.writeHead(200, {'content-type': type, 'cache-control': 'no-store'}).end(body)
})
await new Promise(done => server.listen(0, '127.0.0.1', done))
const browser = await puppeteer.launch({
  executablePath: process.env.CHROMIUM, userDataDir: process.env.PROFILE, args: ['--no-sandbox'],
})
const page = await browser.newPage()
await page.goto(`http://127.0.0.1:${server.address().port}/`)
await page.evaluate(async () => {
  const claimed = new Promise(done => { navigator.serviceWorker.oncontrollerchange = done })
  await navigator.serviceWorker.register('/worker.js')
  await claimed
})
let number = 0
const asked = () => page.evaluate(path => fetch(path).then(answer => answer.text()), `/${++number}.txt`)
const say = (name, value) => console.log(`${name}=${value}`)
say('before', await asked())
await page.setOfflineMode(true)
say('on_line', await page.evaluate(() => navigator.onLine))
say('page', await asked())
const session = await browser.targets().find(target => target.type() === 'service_worker').createCDPSession()
const offline = {offline: true, latency: 0, downloadThroughput: 0, uploadThroughput: 0}
await session.send('Network.emulateNetworkConditions', offline)
say('worker', await asked())
await session.send('Network.enable')
await session.send('Network.emulateNetworkConditions', offline)
say('enabled', await asked())
await browser.close()
server.close()
TEXT

browse offline.mjs >"$work/seen"
seen() { sed -n "s/^$1=//p" "$work/seen"; }
expect "online, through the worker" 'from the server' "$(seen before)"
expect "navigator.onLine of the page that was taken offline" false "$(seen on_line)"
expect "through the worker, page offline" 'from the server' "$(seen page)"
expect "the same, worker told to be offline" 'from the server' "$(seen worker)"
expect "the same, after Network.enable in its session" 'no network' "$(seen enabled)"
