package io.dunlin.model;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/** Turns bytes that come in pieces into characters, whole ones only; what is not UTF-8 becomes U+FFFD. */
final class Utf8Pieces {
    private final CharsetDecoder decoder = StandardCharsets.UTF_8
            .newDecoder()
            .onMalformedInput(CodingErrorAction.REPLACE)
            .onUnmappableCharacter(CodingErrorAction.REPLACE);
    private byte[] pending = new byte[0];

    /** The characters that {@code more} completes. */
    String add(byte[] more) {
        ByteBuffer bytes = ByteBuffer.allocate(pending.length + more.length)
                .put(pending)
                .put(more)
                .flip();
        CharBuffer characters = CharBuffer.allocate(bytes.remaining());
        decoder.decode(bytes, characters, false);
        pending = new byte[bytes.remaining()];
        bytes.get(pending);
        return characters.flip().toString();
    }

    /** What is left when no more bytes come. */
    String end() {
        String left = new String(pending, StandardCharsets.UTF_8);
        pending = new byte[0];
        return left;
    }
}
