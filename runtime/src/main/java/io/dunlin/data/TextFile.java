package io.dunlin.data;

import java.io.IOException;
import java.io.InputStream;

/**
 * One file of a text, wherever it lies.
 *
 * @param name for people and for the cache key: a path, or one inside a zip
 * @param lengthBytes of the text in it
 * @param modifiedMs when it was last changed
 * @param content how to read it
 */
record TextFile(String name, long lengthBytes, long modifiedMs, Content content) {
    /** Opens the file from its beginning. */
    interface Content {
        InputStream open() throws IOException;
    }

    /** Whether each line is a JSON object with a document in it. */
    boolean jsonLines() {
        return name.endsWith(".jsonl");
    }
}
