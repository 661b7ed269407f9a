/** Version of the package; the build checks that package.json says the same. */
export const version = '0.1.0';
