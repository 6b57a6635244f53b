package io.dunlin.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/**
 * The files of a text, in an order that is the same everywhere.
 *
 * @param root where they lie
 * @param files in order of their names
 * @param remarks sentences for the user
 * @param resource what the files' contents are read from
 */
record TextListing(Path root, List<TextFile> files, List<String> remarks, Resource resource) implements AutoCloseable {
    private static final int LICENCE_BYTES = 1 << 14;
    private static final List<String> JDK_PACKAGES = List.of(
            "java.base/java/io/",
            "java.base/java/lang/",
            "java.base/java/math/",
            "java.base/java/net/",
            "java.base/java/nio/",
            "java.base/java/text/",
            "java.base/java/time/",
            "java.base/java/util/");

    /** Something open. */
    interface Resource {
        Resource NONE = () -> {};

        void close() throws IOException;
    }

    /** All bytes of all files. */
    long lengthBytes() {
        return files.stream().mapToLong(TextFile::lengthBytes).sum();
    }

    /**
     * The files that a path names: itself, or all below it, or all in it. Names that begin with a dot are passed over,
     * and links to folders are not followed.
     */
    static TextListing of(Path path) {
        try {
            if (Files.isDirectory(path)) {
                Path root = path.toRealPath();
                return new TextListing(root, folder(root, name -> true), List.of(), Resource.NONE);
            }
            if (path.toString().endsWith(".zip")) {
                return zip(path, name -> true);
            }
            return new TextListing(
                    path.toAbsolutePath(), List.of(file(path, path.toString())), List.of(), Resource.NONE);
        } catch (IOException e) {
            throw DataException.unreadable(path.toString(), e);
        } catch (UncheckedIOException e) {
            IOException cause = e.getCause() instanceof IOException inner ? inner : new IOException(e);
            throw DataException.unreadable(path.toString(), cause);
        }
    }

    /**
     * Sources of the Java library without their licence headers; where the JDK has none, the Java files of
     * {@code project}.
     */
    static TextListing jdkSource(Path javaHome, Path project) {
        Path zip = javaHome.resolve("lib").resolve("src.zip");
        try {
            if (Files.exists(zip)) {
                TextListing all = zip(zip, TextListing::writtenByPeople);
                List<TextFile> files =
                        all.files.stream().map(TextListing::unlicensed).toList();
                return new TextListing(all.root, files, List.of(), all.resource);
            }
            List<TextFile> own = folder(project.toRealPath(), name -> name.endsWith(".java"));
            String remark = "%s has no lib/src.zip: the text is the %,d .java files in %s instead"
                    .formatted(javaHome, own.size(), project);
            List<TextFile> files = own.stream().map(TextListing::unlicensed).toList();
            return new TextListing(project.toRealPath(), files, List.of(remark), Resource.NONE);
        } catch (IOException e) {
            throw DataException.unreadable(zip.toString(), e);
        }
    }

    @Override
    public void close() {
        try {
            resource.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<TextFile> folder(Path folder, Predicate<String> wanted) throws IOException {
        List<TextFile> files = new ArrayList<>();
        collect(folder, "", wanted, files);
        files.sort(Comparator.comparing(TextFile::name));
        return files;
    }

    private static void collect(Path folder, String prefix, Predicate<String> wanted, List<TextFile> into)
            throws IOException {
        List<Path> entries;
        try (Stream<Path> list = Files.list(folder)) {
            entries = list.toList();
        }
        for (Path entry : entries) {
            String name = entry.getFileName().toString();
            if (name.startsWith(".")) {
                continue;
            }
            if (Files.isDirectory(entry, LinkOption.NOFOLLOW_LINKS)) {
                collect(entry, prefix + name + "/", wanted, into);
            } else if (Files.isRegularFile(entry) && wanted.test(name)) {
                into.add(file(entry, prefix + name));
            }
        }
    }

    private static TextFile file(Path path, String name) throws IOException {
        return new TextFile(
                name, Files.size(path), Files.getLastModifiedTime(path).toMillis(), () -> Files.newInputStream(path));
    }

    private static TextListing zip(Path path, Predicate<String> wanted) throws IOException {
        long modifiedMs = Files.getLastModifiedTime(path).toMillis();
        ZipFile zip = new ZipFile(path.toFile());
        List<TextFile> files = zip.stream()
                .filter(entry -> !entry.isDirectory() && visible(entry) && wanted.test(entry.getName()))
                .sorted(Comparator.comparing(ZipEntry::getName))
                .map(entry -> new TextFile(
                        entry.getName(), Math.max(0, entry.getSize()), modifiedMs, () -> zip.getInputStream(entry)))
                .toList();
        return new TextListing(path.toAbsolutePath(), files, List.of(), zip::close);
    }

    /** Not the generated tables of characters, which are as long as they are dull. */
    private static boolean writtenByPeople(String name) {
        return name.endsWith(".java")
                && JDK_PACKAGES.stream().anyMatch(name::startsWith)
                && !name.contains("/CharacterData");
    }

    private static boolean visible(ZipEntry entry) {
        return !entry.getName().startsWith(".") && !entry.getName().contains("/.");
    }

    private static TextFile unlicensed(TextFile file) {
        return new TextFile(
                file.name(),
                file.lengthBytes(),
                file.modifiedMs(),
                () -> skipLicence(file.content().open()));
    }

    /**
     * Passes over block comments (not doc comments) at the very beginning: a small model would learn little else, for
     * they are much the same in every file.
     */
    private static InputStream skipLicence(InputStream stream) throws IOException {
        InputStream in = new BufferedInputStream(stream, LICENCE_BYTES);
        in.mark(LICENCE_BYTES);
        String text = new String(in.readNBytes(LICENCE_BYTES), StandardCharsets.ISO_8859_1);
        in.reset();
        int from = 0;
        while (text.startsWith("/*", from) && !text.startsWith("/**", from)) {
            int end = text.indexOf("*/", from);
            if (end < 0) {
                break;
            }
            from = end + 2;
            while (from < text.length() && Character.isWhitespace(text.charAt(from))) {
                from++;
            }
        }
        in.skipNBytes(from);
        return in;
    }
}
