package io.dunlin.data;

import java.util.List;

/** Text to numbers and back. Safe for use by several threads. */
public interface Tokenizer {
    /** How many tokens there are: every token is in {@code [0, vocabulary)}. */
    int vocabulary();

    /** The name that {@link #named} knows it by, and that shards carry. */
    String id();

    /**
     * The tokens of a text.
     *
     * @param utf8 any bytes; a tokenizer of characters reads invalid UTF-8 as U+FFFD
     */
    int[] encode(byte[] utf8);

    /**
     * The bytes of {@code tokens}. A character may spread over several tokens, so the bytes of a part of a text need
     * not be valid UTF-8.
     */
    byte[] decode(int... tokens);

    /** What stands between two documents, and before the first word where there is no prompt. */
    int separator();

    /**
     * Where a long text may be cut: the largest {@code n <= length} such that encoding the first n bytes and then the
     * rest gives the tokens of the whole; 0 if no such place is known.
     *
     * @param text the bytes so far
     * @param length how many of them count
     */
    int cut(byte[] text, int length);

    /** The names that {@link #named} knows. */
    static List<String> names() {
        return List.of(ByteTokenizer.ID, Gpt2Tokenizer.ID);
    }

    /**
     * {@code byte}: one token for each byte, a vocabulary of 256. {@code gpt2}: the byte pair encoding of GPT-2, a
     * vocabulary of 50257.
     *
     * @throws DataException DUN-601 for any other name
     */
    static Tokenizer named(String name) {
        return switch (name) {
            case ByteTokenizer.ID -> new ByteTokenizer();
            case Gpt2Tokenizer.ID -> Gpt2Tokenizer.load();
            default -> throw DataException.unknownTokenizer(name, names());
        };
    }
}
