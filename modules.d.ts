// What Bun embeds and TypeScript cannot see: text modules, and files of a package that arrive as a path.

declare module '*.sql' {
  const text: string
  export default text
}

declare module '*.lua' {
  const text: string
  export default text
}

declare module 'swagger-ui-dist/swagger-ui.css' {
  const path: string
  export default path
}

declare module 'swagger-ui-dist/swagger-ui-bundle.js' {
  const path: string
  export default path
}
