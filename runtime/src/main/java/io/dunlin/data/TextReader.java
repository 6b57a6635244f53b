package io.dunlin.data;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/** Reads a text in parts that can be encoded one by one, so that it need not fit into memory. */
final class TextReader {
    private static final int LARGEST_PART_BYTES = 1 << 26;

    private final InputStream in;
    private final Tokenizer tokenizer;
    private byte[] buffer;
    private int length;
    private boolean ended;

    /**
     * Reads from a stream.
     *
     * @param in closed by the caller
     * @param tokenizer says where a text may be cut
     * @param partBytes how long a part is, about
     */
    TextReader(InputStream in, Tokenizer tokenizer, int partBytes) {
        this.in = in;
        this.tokenizer = tokenizer;
        this.buffer = new byte[partBytes];
    }

    /** The first bytes, without taking them; fewer than {@code count} only at the end of the text. */
    byte[] peek(int count) throws IOException {
        while (length < count && !ended) {
            fill();
        }
        return Arrays.copyOf(buffer, Math.min(count, length));
    }

    /** The next part; no bytes at the end of the text. */
    byte[] next() throws IOException {
        int cut = 0;
        while (cut == 0) {
            while (length < buffer.length && !ended) {
                fill();
            }
            if (ended) {
                cut = length;
                break;
            }
            cut = tokenizer.cut(buffer, length);
            if (cut == 0 && buffer.length >= LARGEST_PART_BYTES) {
                cut = characterEnd();
            } else if (cut == 0) {
                buffer = Arrays.copyOf(buffer, buffer.length * 2);
            }
        }
        byte[] part = Arrays.copyOf(buffer, cut);
        System.arraycopy(buffer, cut, buffer, 0, length - cut);
        length -= cut;
        return part;
    }

    private void fill() throws IOException {
        int read = in.read(buffer, length, buffer.length - length);
        if (read < 0) {
            ended = true;
        } else {
            length += read;
        }
    }

    /** The last place that is not inside a character of UTF-8. */
    private int characterEnd() {
        int at = length - 1;
        while (at > length - 4 && (buffer[at] & 0xC0) == 0x80) {
            at--;
        }
        return at;
    }
}
