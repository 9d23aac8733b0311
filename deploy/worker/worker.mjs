// A worker without a package: it takes a POST of Crew and answers with what became of it. Any path is a worker's name.
import { createServer } from 'node:http'

const server = createServer(async (request, response) => {
  let body = ''
  for await (const chunk of request.setEncoding('utf8')) body += chunk
  const { worker, input, parents } = JSON.parse(body)
  console.log(`${worker}: ${JSON.stringify(input)}`)
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ output: { worker, input, parents: parents.length } }))
})

server.listen(Number(process.env.PORT ?? 3000), () => console.log(`listens at ${server.address().port}`))
process.once('SIGTERM', () => server.close())
