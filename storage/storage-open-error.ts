/** The storage cannot be had: another process holds it, it is not one of ours, or it loses what it is given. Says what to do. */
export class StorageOpenError extends Error {}
