// better-auth's API keys and oidc-provider's client_credentials, each in memory on a port of its own: the first line of standard
// output says {verify: {port, key}, token: {port, id, secret}}. Ends with its standard input.
import http from 'node:http'
import { betterAuth } from 'better-auth'
import { memoryAdapter } from 'better-auth/adapters/memory'
import { apiKey } from 'better-auth/plugins'
import { exportJWK, generateKeyPair } from 'jose'
import Provider from 'oidc-provider'

async function keyChecker() {
	const auth = betterAuth({
		secret: 'a secret of the bench, 32 bytes long', baseURL: 'http://127.0.0.1', logger: { disabled: true }, telemetry: { enabled: false },
		database: memoryAdapter({ user: [], session: [], account: [], verification: [], apikey: [] }),
		emailAndPassword: { enabled: true }, rateLimit: { enabled: false }, plugins: [apiKey({ rateLimit: { enabled: false } })],
	})
	const { user } = await auth.api.signUpEmail({ body: { email: 'ben@bench.example', password: 'a pass phrase', name: 'Ben' } })
	const { key } = await auth.api.createApiKey({ body: { name: 'bench', userId: user.id } })
	const server = http.createServer(async (request, response) => {
		let body = ''
		for await (const part of request) body += part
		const text = JSON.stringify(await auth.api.verifyApiKey({ body: JSON.parse(body) }))
		response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }).end(text)
	})
	return { server, said: { key } }
}

async function tokenIssuer() {
	const { privateKey } = await generateKeyPair('ES256', { extractable: true })
	const client = { client_id: 'bench', client_secret: 'a-secret-of-the-bench-that-is-long-enough-for-it', grant_types: ['client_credentials'],
		redirect_uris: [], response_types: [], id_token_signed_response_alg: 'ES256' }
	const provider = new Provider('http://127.0.0.1', {
		clients: [client], jwks: { keys: [{ ...await exportJWK(privateKey), alg: 'ES256', use: 'sig' }] },
		features: {
			clientCredentials: { enabled: true }, devInteractions: { enabled: false },
			resourceIndicators: { enabled: true, defaultResource: () => 'urn:bench', getResourceServerInfo: () => (
				{ scope: '', accessTokenFormat: 'jwt', accessTokenTTL: 900, jwt: { sign: { alg: 'ES256' } } }) },
		},
	})
	return { server: http.createServer(provider.callback()), said: { id: client.client_id, secret: client.client_secret } }
}

async function listen({ server, said }) {
	await new Promise((done) => server.listen(0, '127.0.0.1', done))
	return { ...said, port: server.address().port }
}

console.log(JSON.stringify({ verify: await listen(await keyChecker()), token: await listen(await tokenIssuer()) }))
process.stdin.on('end', () => process.exit(0)).resume()
