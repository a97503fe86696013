// Uses HubSpot's client for Node and prints what it returned, by step.
// Arguments: address of the sandbox, access token, refresh token, client id, client secret.

const { Client } = require('@hubspot/api-client')

const [address, token, refreshToken, clientId, clientSecret] = process.argv.slice(2)
const client = new Client({ accessToken: token, basePath: address })
const contacts = client.crm.contacts
const email = 'node@example.com'
const results = {}

const step = async (name, work) => {
  try {
    results[name] = await work()
  } catch (error) {
    results[name] = { status: error.code, category: error.body && error.body.category, message: String(error) }
  }
}

const importRequest = {
  name: 'From Node',
  files: [
    {
      fileName: 'people.csv',
      fileFormat: 'CSV',
      fileImportPage: {
        hasHeader: true,
        columnMappings: [
          {
            columnObjectTypeId: '0-1',
            columnName: 'Mail',
            propertyName: 'email',
            columnType: 'HUBSPOT_ALTERNATE_ID',
          },
        ],
      },
    },
  ],
}

const main = async () => {
  let id
  await step('create', async () => {
    const made = await contacts.basicApi.create({ properties: { email }, associations: [] })
    id = made.id
    return { email: made.properties.email, isDate: made.createdAt instanceof Date }
  })
  await step('get', async () => (await contacts.basicApi.getById(id, ['email', 'city', 'no_such'])).properties)
  await step('update', async () => (await contacts.basicApi.update(id, { properties: { city: 'Bonn' } })).properties.city)
  await step('conflict', () => contacts.basicApi.create({ properties: { email }, associations: [] }))
  await step('upsert', async () => {
    const inputs = [email, 'new@example.com'].map((one) => ({ id: one, idProperty: 'email', properties: {} }))
    return (await contacts.batchApi.upsert({ inputs })).results.map((one) => one._new).sort()
  })
  await step('read', async () => {
    const inputs = [{ id }, { id: '404' }]
    const read = await contacts.batchApi.read({ inputs, properties: ['email'], propertiesWithHistory: [] })
    return { kind: read.constructor.name, found: read.results.length, errors: read.numErrors }
  })
  await step('all', async () => (await contacts.getAll(2)).length)
  await step('search', async () => {
    const filters = [{ propertyName: 'email', operator: 'EQ', value: 'ada@example.com' }]
    const body = { filterGroups: [{ filters }], properties: ['email'], limit: 5, after: '0', sorts: [] }
    return (await contacts.searchApi.doSearch(body)).results.map((one) => one.properties.email)
  })
  await step('properties', async () => (await client.crm.properties.coreApi.getByName('contacts', 'email')).type)
  await step('lists', async () => (await client.crm.lists.listsApi.getAll(['101'])).lists.map((one) => one.name))
  await step('members', async () => (await client.crm.lists.membershipsApi.add('101', [id])).recordsIdsAdded.length)
  await step('import', async () => {
    const file = { data: Buffer.from('Mail\nimported@example.com\n'), name: 'people.csv' }
    return (await client.crm.imports.coreApi.create(file, JSON.stringify(importRequest))).state
  })
  await step('email', async () => {
    const made = await client.marketing.emails.marketingEmailsApi.create({ name: 'From Node', subject: 'Hi' })
    return { name: made.name, state: made.state }
  })
  await step('send', async () => {
    const body = { emailId: 180000000006, message: { to: email } }
    return (await client.marketing.transactional.singleSendApi.sendEmail(body)).status
  })
  await step('event', async () => {
    const key = { externalAccountId: 'node', externalEventId: 'node-1' }
    const body = { eventName: 'Talk', eventOrganizer: 'Node', customProperties: [], ...key }
    return (await client.marketing.events.basicApi.create(body)).eventName
  })
  await step('attendance', async () => {
    const inputs = [{ email, interactionDateTime: 1700000000000 }]
    const api = client.marketing.events.addEventAttendeesApi
    return (await api.recordByContactEmails('node-1', 'register', { inputs }, 'node')).results.length
  })
  await step('campaigns', async () => {
    const reply = await client.apiRequest({ path: '/marketing/campaigns/2026-09?properties=hs_name' })
    return (await reply.json()).results.map((one) => one.properties.hs_name)
  })
  await step('subscribe', async () => {
    const body = { emailAddress: email, subscriptionId: '77001' }
    return (await client.communicationPreferences.statusApi.subscribe(body)).status
  })
  await step('token', async () => {
    const tokens = new Client({ basePath: address }).oauth.tokensApi
    const grant = ['refresh_token', undefined, undefined, clientId, clientSecret, refreshToken]
    return (await tokens.create(...grant)).expiresIn
  })
  await step('forbidden', () => {
    const other = new Client({ accessToken: 'unknown', basePath: address })
    return other.crm.contacts.basicApi.getById(id)
  })
  await step('delete', async () => (await contacts.basicApi.archive(id)) === undefined)
  await step('gone', () => contacts.basicApi.getById(id))
  console.log(JSON.stringify(results))
}

main()
