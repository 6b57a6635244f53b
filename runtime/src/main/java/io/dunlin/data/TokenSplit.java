package io.dunlin.data;

import io.dunlin.tensor.Philox;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.Optional;

/**
 * Turns documents into tokens to train on and tokens kept apart.
 *
 * <p>Each document is drawn by its number, whole, into the part kept apart with the probability asked for, unless that
 * part would become more than twice its share of the text. If in the end it has less than half of its share, because
 * documents are few or long, the tail of the training tokens fills it up: for a single document it is exactly its tail.
 * Between two documents of a part stands the tokenizer's separator.
 */
final class TokenSplit {
    private static final int PART_BYTES = 1 << 20;
    private static final int SNIFFED_BYTES = 8192;

    private final TextRequest request;
    private final TokenShardWriter train;
    private final TokenShardWriter validation;
    private final Philox draw = Philox.keyed(0, "validation-split", "");
    private final ProgressClock clock;
    private final double validationBytesAtMost;
    private final long totalBytes;
    private long documents;
    private long skippedFiles;
    private long textBytes;
    private long validationBytes;
    private Optional<String> firstSkipped = Optional.empty();

    /**
     * Writes to two unfinished files.
     *
     * @param request what is asked for
     * @param totalBytes of the whole text
     * @param train gets the tokens to train on
     * @param validation gets the tokens kept apart
     * @param clock told how far this is
     */
    TokenSplit(
            TextRequest request,
            long totalBytes,
            TokenShardWriter train,
            TokenShardWriter validation,
            ProgressClock clock) {
        this.request = request;
        this.totalBytes = Math.min(totalBytes, request.limitBytes());
        this.train = train;
        this.validation = validation;
        this.clock = clock;
        this.validationBytesAtMost = 2 * request.validation() * this.totalBytes;
    }

    /** Adds all documents of a file. */
    void add(TextFile file) {
        if (leftBytes() == 0) {
            return;
        }
        try (InputStream in = file.content().open()) {
            if (file.jsonLines()) {
                addLines(new JsonLines(file.name(), in));
            } else {
                addWhole(file, new TextReader(in, request.tokenizer(), PART_BYTES));
            }
        } catch (IOException e) {
            throw DataException.unreadable(file.name(), e);
        }
    }

    /** Fills up the part that is kept apart, if documents alone did not. */
    void balance() {
        long all = train.tokens() + validation.tokens();
        long share = (long) (all * request.validation());
        if (validation.tokens() < (share + 1) / 2) {
            if (validation.tokens() > 0) {
                validation.write(request.tokenizer().separator());
            }
            train.moveTail(share - validation.tokens(), validation);
        }
    }

    long documents() {
        return documents;
    }

    long skippedFiles() {
        return skippedFiles;
    }

    long textBytes() {
        return textBytes;
    }

    /** The name of the first file that is not text. */
    Optional<String> firstSkipped() {
        return firstSkipped;
    }

    private void addLines(JsonLines lines) throws IOException {
        Optional<byte[]> document = lines.next();
        while (document.isPresent() && leftBytes() > 0) {
            byte[] text = document.get();
            if (text.length > 0) {
                add(begin(text.length), text);
            }
            document = lines.next();
        }
    }

    private void addWhole(TextFile file, TextReader reader) throws IOException {
        for (byte b : reader.peek(SNIFFED_BYTES)) {
            if (b == 0) {
                skippedFiles++;
                firstSkipped = Optional.of(firstSkipped.orElse(file.name()));
                return;
            }
        }
        byte[] part = reader.next();
        if (part.length == 0) {
            return;
        }
        TokenShardWriter to = begin(file.lengthBytes());
        while (part.length > 0 && leftBytes() > 0) {
            add(to, part);
            part = reader.next();
        }
    }

    /** Decides where a document goes. */
    private TokenShardWriter begin(long documentBytes) {
        boolean drawn = draw.uniform(0, documents) < request.validation()
                && validationBytes + documentBytes <= validationBytesAtMost;
        TokenShardWriter to = drawn ? validation : train;
        validationBytes += drawn ? documentBytes : 0;
        documents++;
        if (to.tokens() > 0) {
            to.write(request.tokenizer().separator());
        }
        return to;
    }

    private void add(TokenShardWriter to, byte[] text) {
        byte[] taken = text.length <= leftBytes() ? text : Arrays.copyOf(text, (int) leftBytes());
        to.write(request.tokenizer().encode(taken));
        textBytes += taken.length;
        clock.at("preparing text", textBytes, totalBytes);
    }

    private long leftBytes() {
        return request.limitBytes() - textBytes;
    }
}
