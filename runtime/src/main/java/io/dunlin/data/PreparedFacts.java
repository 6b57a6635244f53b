package io.dunlin.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * What a cached folder remembers beside its token files: a few lines of text that begin with the name and version of the
 * format and end with a checksum of the lines before.
 */
record PreparedFacts(long documents, long skippedFiles, long textBytes, List<String> remarks) {
    static final String FILE = "prepared.txt";
    private static final String FIRST_LINE = "dunlin prepared-data 1";

    PreparedFacts {
        remarks = List.copyOf(remarks);
    }

    void write(Path folder) throws IOException {
        StringBuilder text = new StringBuilder(FIRST_LINE).append('\n');
        text.append("documents ").append(documents).append('\n');
        text.append("skipped-files ").append(skippedFiles).append('\n');
        text.append("text-bytes ").append(textBytes).append('\n');
        remarks.forEach(remark ->
                text.append("remark ").append(remark.replace('\n', ' ')).append('\n'));
        String checksum = checksum(text.toString());
        text.append("crc32c ").append(checksum).append('\n');
        Folders.write(folder.resolve(FILE), text.toString());
    }

    /** Reads the facts; empty if they are not there or damaged. */
    static Optional<PreparedFacts> read(Path folder) throws IOException {
        if (!Files.exists(folder.resolve(FILE))) {
            return Optional.empty();
        }
        String text = new String(Files.readAllBytes(folder.resolve(FILE)), StandardCharsets.UTF_8);
        int last = text.lastIndexOf("crc32c ");
        if (last < 0
                || !text.startsWith(FIRST_LINE + "\n")
                || !text.substring(last).equals("crc32c " + checksum(text.substring(0, last)) + "\n")) {
            return Optional.empty();
        }
        List<String> lines = text.substring(0, last).lines().toList();
        return Optional.of(new PreparedFacts(
                number(lines.get(1)),
                number(lines.get(2)),
                number(lines.get(3)),
                lines.stream()
                        .skip(4)
                        .map(line -> line.substring("remark ".length()))
                        .toList()));
    }

    private static long number(String line) {
        return Long.parseLong(line.substring(line.indexOf(' ') + 1));
    }

    private static String checksum(String text) {
        CRC32C crc = new CRC32C();
        crc.update(text.getBytes(StandardCharsets.UTF_8));
        return "%08x".formatted((int) crc.getValue());
    }
}
