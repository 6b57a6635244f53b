package io.dunlin.data;

/** One token for each byte. */
final class ByteTokenizer implements Tokenizer {
    static final String ID = "byte";

    @Override
    public int vocabulary() {
        return 256;
    }

    @Override
    public String id() {
        return ID;
    }

    @Override
    public int[] encode(byte[] utf8) {
        int[] tokens = new int[utf8.length];
        for (int i = 0; i < utf8.length; i++) {
            tokens[i] = utf8[i] & 0xFF;
        }
        return tokens;
    }

    @Override
    public byte[] decode(int... tokens) {
        byte[] bytes = new byte[tokens.length];
        for (int i = 0; i < tokens.length; i++) {
            if (tokens[i] < 0 || tokens[i] > 0xFF) {
                throw new IllegalArgumentException("token %d is not a byte".formatted(tokens[i]));
            }
            bytes[i] = (byte) tokens[i];
        }
        return bytes;
    }

    /** A line feed: every byte may occur in a text, so none is left to be a mark of its own. */
    @Override
    public int separator() {
        return '\n';
    }

    @Override
    public int cut(byte[] text, int length) {
        return length;
    }
}
