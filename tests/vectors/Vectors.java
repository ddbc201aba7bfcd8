// SPDX-License-Identifier: MIT
// Prints last-two-digits.tsv, see README.md.
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

public class Vectors {
    static void put(byte[] bytes) {
        int hash = new String(bytes, StandardCharsets.UTF_8).hashCode();
        long bucket = Math.abs((long) hash) % 100;
        StringBuilder hex = new StringBuilder();
        for (byte b : bytes)
            hex.append(String.format("%02x", b & 0xff));
        System.out.println((bytes.length == 0 ? "-" : hex) + "\t" + hash + "\t" + bucket);
    }

    static void put(String s) {
        put(s.getBytes(StandardCharsets.UTF_8));
    }

    public static void main(String[] args) {
        Random random = new Random(7);
        put("");
        for (String s : List.of("a", "user-17", "order 0001", "0", "-1",
                "polygenelubricants", // Integer.MIN_VALUE
                "01890a5d-ac96-774b-bcce-b302099a8057",
                "01890A5D-AC96-774B-BCCE-B302099A8057",
                "00000000-0000-0000-0000-000000000000",
                "Z\u00fcrich", "\u4e2d\u6587\u7528\u6237", "\u0416",
                "\ud83d\ude00", "a\ud83d\ude00b", "\udbff\udfff", "\ufffd"))
            put(s);
        for (int i = 0; i < 60; i++)
            put(new java.util.UUID(random.nextLong(), random.nextLong()).toString());
        for (int i = 0; i < 60; i++) {
            StringBuilder s = new StringBuilder();
            for (int n = random.nextInt(12); n >= 0; n--)
                s.appendCodePoint(point(random));
            put(s.toString());
        }
        for (int i = 0; i < 400; i++) // mostly no UTF-8
            put(broken(random));
    }

    static int point(Random random) {
        int[] limit = {0x80, 0x800, 0xd800, 0x110000};
        int c = random.nextInt(limit[random.nextInt(4)]);
        return c >= 0xd800 && c < 0xe000 ? 0xe000 : c;
    }

    static byte[] broken(Random random) {
        int[] usual = {0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf,
            0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff};
        byte[] b = new byte[1 + random.nextInt(7)];
        for (int i = 0; i < b.length; i++)
            b[i] = (byte) usual[random.nextInt(usual.length)];
        return b;
    }
}
