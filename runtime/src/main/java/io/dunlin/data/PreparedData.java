package io.dunlin.data;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Token files made from a text.
 *
 * @param origin made now, or found in the cache
 * @param train the tokens to train on
 * @param validation the tokens kept apart; empty if none are asked for or the text is too short for any
 * @param tokenizer id of the tokenizer
 * @param counts how much of what
 * @param seconds that this took
 * @param remarks sentences for the user: what was left out, what stood in for something missing
 */
public record PreparedData(
        Origin origin,
        Path train,
        Optional<Path> validation,
        String tokenizer,
        Counts counts,
        double seconds,
        List<String> remarks) {

    /** Makes the list unmodifiable. */
    public PreparedData {
        remarks = List.copyOf(remarks);
    }

    /** Where the files come from. */
    public enum Origin {
        /** Made now. */
        PREPARED,
        /** Made by an earlier run from the same text. */
        CACHED
    }

    /**
     * How much of what.
     *
     * @param documents texts: files, or lines of a {@code .jsonl}
     * @param skippedFiles files that are not text
     * @param textBytes of all documents
     * @param trainTokens in the file to train on
     * @param validationTokens in the file kept apart
     * @param fileBytes of both files
     */
    public record Counts(
            long documents,
            long skippedFiles,
            long textBytes,
            long trainTokens,
            long validationTokens,
            long fileBytes) {}
}
