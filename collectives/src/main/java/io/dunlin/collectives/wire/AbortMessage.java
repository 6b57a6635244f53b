package io.dunlin.collectives.wire;

import io.dunlin.collectives.CollectiveException;
import io.dunlin.error.ExitCode;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A failure on its way to the other members: exit code (1 byte), number of culprits (1), then the culprits (4 each), then
 * code, message and remedy as UTF-8 with a length (2) before each. Long texts are cut.
 */
public final class AbortMessage {
    private static final int MOST_CULPRITS = 16;
    private static final int MOST_REMEDY_BYTES = 100;
    private static final ExitCode[] EXIT_CODES = ExitCode.values();

    private AbortMessage() {}

    /** How long the message is if it may have {@code roomBytes}, at least 512. */
    public static int bytes(CollectiveException cause, int roomBytes) {
        return parts(cause, roomBytes).stream().mapToInt(part -> part.length).sum() + 6 + 2 + 4 * culprits(cause);
    }

    /** Writes {@link #bytes} bytes. */
    public static void write(long address, CollectiveException cause, int roomBytes) {
        int culprits = culprits(cause);
        RawMemory.putByte(address, (byte) cause.exitCode().ordinal());
        RawMemory.putByte(address + 1, (byte) culprits);
        long at = address + 2;
        for (int rank : cause.culprits().subList(0, culprits)) {
            RawMemory.putInt(at, rank);
            at += 4;
        }
        for (byte[] text : parts(cause, roomBytes)) {
            RawMemory.putByte(at, (byte) text.length);
            RawMemory.putByte(at + 1, (byte) (text.length >>> 8));
            at += 2;
            for (byte b : text) {
                RawMemory.putByte(at++, b);
            }
        }
    }

    /** Reads what {@link #write} wrote. */
    public static CollectiveException read(long address) {
        int culprits = RawMemory.getByte(address + 1);
        List<Integer> ranks = new ArrayList<>();
        for (int i = 0; i < culprits; i++) {
            ranks.add(RawMemory.getInt(address + 2 + 4L * i));
        }
        long at = address + 2 + 4L * culprits;
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            byte[] text = new byte[(RawMemory.getByte(at) & 0xFF) | (RawMemory.getByte(at + 1) & 0xFF) << 8];
            at += 2;
            for (int j = 0; j < text.length; j++) {
                text[j] = RawMemory.getByte(at++);
            }
            texts.add(new String(text, StandardCharsets.UTF_8));
        }
        return new CollectiveException(
                texts.get(0), texts.get(1), texts.get(2), EXIT_CODES[RawMemory.getByte(address)], ranks);
    }

    private static int culprits(CollectiveException cause) {
        return Math.min(cause.culprits().size(), MOST_CULPRITS);
    }

    private static List<byte[]> parts(CollectiveException cause, int roomBytes) {
        byte[] code = cause.code().getBytes(StandardCharsets.UTF_8);
        byte[] remedy = cut(cause.remedy(), MOST_REMEDY_BYTES);
        int left = roomBytes - 8 - 4 * culprits(cause) - code.length - remedy.length;
        return List.of(code, cut(String.valueOf(cause.getMessage()), left), remedy);
    }

    private static byte[] cut(String text, int mostBytes) {
        String shorter = text;
        while (shorter.getBytes(StandardCharsets.UTF_8).length > mostBytes) {
            shorter = shorter.substring(0, shorter.length() - 1);
        }
        return shorter.getBytes(StandardCharsets.UTF_8);
    }
}
