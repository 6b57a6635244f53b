package io.dunlin.integration;

import io.dunlin.checkpoint.CheckpointFolder;
import io.dunlin.checkpoint.CheckpointInspection;
import io.dunlin.checkpoint.Manifest;
import io.dunlin.checkpoint.format.LocalStorage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/** All tensors of a checkpoint, put together from whatever slices its ranks have saved. */
final class SavedTensors {
    private SavedTensors() {}

    /** SHA-256 of the bytes of each weight and each tensor of the optimizer, by name. */
    static Map<String, String> digests(RunFolder run, long step) {
        CheckpointFolder folder = new CheckpointFolder(run.path().resolve("ckpt"), new LocalStorage());
        Manifest manifest = new CheckpointInspection(folder).show(step);
        Map<String, ByteBuffer> tensors = new TreeMap<>();
        for (Manifest.DataFile file : manifest.files()) {
            Path path = folder.committed(step).resolve(file.name());
            try (FileChannel channel = FileChannel.open(path)) {
                for (Manifest.SavedSlice saved : file.slices()) {
                    int elementBytes = saved.dtype().bytes();
                    ByteBuffer whole = tensors.computeIfAbsent(
                            saved.slice().name(),
                            name -> ByteBuffer.allocate(
                                    Math.toIntExact(saved.slice().shape().elements() * elementBytes)));
                    ByteBuffer part = whole.slice(
                            Math.toIntExact(saved.slice().offset() * elementBytes), Math.toIntExact(saved.bytes()));
                    channel.read(part, saved.begin());
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        Map<String, String> digests = new TreeMap<>();
        for (String name : new TreeSet<>(tensors.keySet())) {
            digests.put(name, sha256(tensors.get(name).array()));
        }
        return digests;
    }

    private static String sha256(byte[] bytes) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java platform has SHA-256", e);
        }
    }
}
