// A real Chromium opens the explorer, shows it a key and tries one call. Standard input: {url, key, chromium}; standard output:
// what it saw: {title, operations, status, body, curl, complaints, elsewhere}.
import { readFileSync } from 'node:fs'
import { chromium } from 'playwright-core'

const asked = JSON.parse(readFileSync(0, 'utf8'))
const browser = await chromium.launch({ executablePath: asked.chromium, args: ['--no-sandbox', '--disable-gpu'] })
const page = await browser.newPage()
const complaints = [], elsewhere = []
page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()))
page.on('pageerror', (error) => complaints.push(String(error)))
page.on('request', (request) => /^(https?|wss?):/.test(request.url()) && !request.url().startsWith(asked.url + '/') && elsewhere.push(request.url()))
page.setDefaultTimeout(60000)

try {
	await page.goto(`${asked.url}/docs`)
	await page.waitForSelector('.opblock-tag')
	const operations = await page.evaluate(() => Object.keys(window.explorer.specSelectors.specJson().toJS().paths).length)
	await page.click('.btn.authorize')
	const bearer = page.locator('.auth-container', { hasText: 'bearer' }).first()
	await bearer.locator('input').fill(asked.key)
	await bearer.locator('button.authorize').click()
	await page.click('.btn-done')
	await page.click('#tag-accounts, [data-tag="accounts"]')
	await page.click('#operations-accounts-GetMe')
	await page.click('#operations-accounts-GetMe .execute')
	const live = page.locator('#operations-accounts-GetMe .live-responses-table')
	await live.waitFor()
	const status = (await live.locator('.response-col_status').nth(1).innerText()).trim()
	const body = await live.locator('.microlight').first().innerText()
	console.log(JSON.stringify({ title: await page.title(), operations, status, body, complaints, elsewhere }))
} finally {
	await browser.close()
}
