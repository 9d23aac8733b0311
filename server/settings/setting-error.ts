/** A setting, flag or command that cannot be used. The message is a sentence for people; the process exits with 2. */
export class SettingError extends Error {}
