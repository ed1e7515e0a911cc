// Two OAuth 2 clients of others, oauth4webapi and openid-client, against an authorization server: what they were told, as JSON.
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'

const asked = JSON.parse(await new Response(process.stdin).text())
const insecure = { [oauth.allowInsecureRequests]: true }

async function byOauth4webapi(authentication) {
	const issuer = new URL(asked.issuer)
	const server = await oauth.processDiscoveryResponse(issuer,
		await oauth.discoveryRequest(issuer, { ...insecure, algorithm: 'oauth2' }))
	const client = { client_id: 'apikey' }
	const parameters = new URLSearchParams(asked.scope ? { scope: asked.scope } : {})
	const granted = await oauth.processClientCredentialsResponse(server, client,
		await oauth.clientCredentialsGrantRequest(server, client, authentication(asked.secret), parameters, insecure))
	const judge = authentication(asked.judge)
	const introspect = async () => oauth.processIntrospectionResponse(server, client,
		await oauth.introspectionRequest(server, client, judge, granted.access_token, insecure))
	const before = await introspect()
	await oauth.processRevocationResponse(
		await oauth.revocationRequest(server, client, authentication(asked.secret), granted.access_token, insecure))
	const after = await introspect()
	let refused = null
	try {
		await oauth.processClientCredentialsResponse(server, client,
			await oauth.clientCredentialsGrantRequest(server, client, authentication(asked.wrong), parameters, insecure))
	} catch (error) {
		refused = { name: error.constructor.name, error: error.error ?? error.cause?.error ?? null, status: error.status ?? error.response?.status ?? null }
	}
	return { granted, before, after, refused }
}

async function byOpenidClient() {
	const configuration = await openid.discovery(new URL(asked.issuer), 'apikey', undefined, openid.ClientSecretPost(asked.secret),
		{ execute: [openid.allowInsecureRequests], algorithm: 'oauth2' })
	const granted = await openid.clientCredentialsGrant(configuration, asked.scope ? { scope: asked.scope } : {})
	await openid.tokenRevocation(configuration, granted.access_token)
	return { granted }
}

console.log(JSON.stringify({
	basic: await byOauth4webapi(oauth.ClientSecretBasic),
	post: await byOauth4webapi(oauth.ClientSecretPost),
	openid: await byOpenidClient(),
}))
