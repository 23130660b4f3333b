'use strict';

// A test in which no expect() was carried out fails, wherever the words stand in its text.
beforeEach(() => expect.hasAssertions());
