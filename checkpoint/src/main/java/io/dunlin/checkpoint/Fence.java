package io.dunlin.checkpoint;

import io.dunlin.checkpoint.format.CheckpointError;
import io.dunlin.checkpoint.format.CheckpointException;
import io.dunlin.checkpoint.format.Crc32c;
import io.dunlin.checkpoint.format.Storage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Who may commit: the newest generation that wrote its name into the file {@code owner}. A rank that was frozen while
 * its run was restarted finds another name there, and stops.
 */
final class Fence {
    private static final String FILE_NAME = "owner";
    private static final String FORM = "dunlin checkpoint-owner 1\n%s\n";

    private final CheckpointFolder folder;
    private final String name;

    /**
     * Makes a fence that is not up yet.
     *
     * @param name of this generation, one line, used by no other
     */
    Fence(CheckpointFolder folder, String name) {
        this.folder = folder;
        this.name = name;
    }

    /** Makes this generation the owner. */
    void take() throws IOException {
        Storage storage = folder.storage();
        Path temporary = folder.root().resolve(FILE_NAME + ".tmp");
        if (storage.exists(temporary)) {
            storage.delete(temporary);
        }
        String body = FORM.formatted(name);
        String text = body + Crc32c.text(Crc32c.of(body.getBytes(StandardCharsets.UTF_8))) + "\n";
        try (Storage.OutputFile file = storage.create(temporary)) {
            file.append(MemorySegment.ofArray(text.getBytes(StandardCharsets.UTF_8)));
            file.force();
        }
        storage.rename(temporary, folder.root().resolve(FILE_NAME));
        storage.forceFolder(folder.root());
    }

    /** Fails unless this generation is the owner still. */
    void check() throws IOException {
        String text = new String(folder.storage().readAll(folder.root().resolve(FILE_NAME)), StandardCharsets.UTF_8);
        if (!text.startsWith(FORM.formatted(name))) {
            throw new CheckpointException(
                    CheckpointError.STALE,
                    "%s belongs to another generation now (%s); this is %s"
                            .formatted(
                                    folder.root(),
                                    text.lines().skip(1).findFirst().orElse("unreadable"),
                                    name),
                    "end this process; the run goes on elsewhere");
        }
    }
}
