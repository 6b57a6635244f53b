package io.dunlin.data;

/** A tokenizer of any vocabulary; only for writing tokens. */
record TestTokenizer(String id, int vocabulary) implements Tokenizer {
    @Override
    public int[] encode(byte[] utf8) {
        throw new UnsupportedOperationException();
    }

    @Override
    public byte[] decode(int... tokens) {
        throw new UnsupportedOperationException();
    }

    @Override
    public int separator() {
        return 0;
    }

    @Override
    public int cut(byte[] text, int length) {
        return length;
    }
}
