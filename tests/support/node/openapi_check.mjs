// Is it an OpenAPI document, and do answers have the shapes that it says? Standard input: {document, answers: [{method, path,
// status, body}]}, `path` as the document spells it; standard output: {valid, errors, wrong}, the latter of answers.
import { readFileSync } from 'node:fs'
import { Validator } from '@seriousme/openapi-schema-validator'
import Ajv2020 from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const asked = JSON.parse(readFileSync(0, 'utf8'))
const result = await new Validator().validate(structuredClone(asked.document))

// What an answer holds that the document does not tell is an error here, though clients shall pass over it.
for (const schema of Object.values(asked.document.components.schemas)) schema.additionalProperties ??= false
const ajv = addFormats(new Ajv2020.default({ strict: false, allErrors: true }))
ajv.addFormat('password', true)
ajv.addSchema(asked.document, 'document')

const part = (text) => encodeURIComponent(text.replaceAll('~', '~0').replaceAll('/', '~1'))
const wrong = []
for (const { method, path, status, body } of asked.answers) {
	const operation = asked.document.paths[path]?.[method.toLowerCase()]
	const where = operation?.responses[status] ? `paths/${part(path)}/${method.toLowerCase()}/responses/${status}/content/application~1json/schema`
		: operation?.responses[`${String(status)[0]}XX`] ? 'components/schemas/Problem' : null
	if (!where) {
		wrong.push(`${method} ${path} ${status} is not in the document`)
		continue
	}
	const validate = ajv.compile({ $ref: `document#/${where}` })
	if (!validate(body)) wrong.push(`${method} ${path} ${status}: ${ajv.errorsText(validate.errors)} ${JSON.stringify(body)}`)
}
console.log(JSON.stringify({ valid: result.valid, errors: result.errors ?? null, wrong }))
