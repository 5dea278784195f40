"""First names that questions are made of: common ones of many languages, in Latin letters without accents."""

_LISTED = """
Aaron Abdul Abigail Adam Adrian Agnes Ahmed Aiko Alan Albert Alejandro Alex Alice Alisha Amanda Amina Amir
Amy Ana Andrea Andrew Angela Anita Anna Anthony Antonio Arjun Arthur Asha Astrid Barbara Beatrice Ben
Bernard Beth Bianca Boris Brandon Brenda Brian Bruce Caleb Camila Carl Carlos Carmen Carol Caroline
Cecilia Charles Chen Chloe Christian Clara Claire Colin Connor Craig Cynthia Daniel David Deborah Deepak
Dennis Diana Diego Dmitri Dominic Donald Dorothy Douglas Dylan Edith Eduardo Edward Elena Eli Elif
Elizabeth Ella Emil Emily Emma Eric Erika Ernest Esther Ethan Eva Evelyn Farah Fatima Felix Fernando Fiona
Frances Francisco Frank Fred Gabriel Gareth George Gloria Grace Greta Gustav Habib Hana Hannah Hans Harold
Harry Hassan Heather Helen Henry Hiroshi Howard Hugo Ibrahim Igor Ines Ingrid Irene Isaac Isabel Ivan Jack
Jacob James Jamila Jane Janet Jasmine Jason Javier Jeff Jennifer Jessica Joan Joel John Jonas Jorge Joseph
Joy Juan Judith Julia Karen Karim Kate Keith Kenji Kevin Kim Klaus Kofi Kurt Lara Larry Laura Leah Leila
Leo Leon Lewis Lina Linda Lisa Louis Lucas Lucia Luis Luke Lydia Magnus Malik Marco Margaret Maria Mark
Martha Martin Mary Matteo Matthew Maya Megan Mehmet Mei Melissa Michael Miguel Mina Mohamed Molly Monica
Nadia Nancy Naomi Natalie Nathan Neil Nicholas Nicole Nina Noah Nora Oliver Olga Omar Oscar Otto Pablo
Pamela Patrick Paul Pedro Peter Philip Priya Quentin Rachel Rahul Ralph Raymond Rebecca Ricardo Richard
Rita Robert Roberto Robin Rosa Roy Ruth Ryan Sally Samir Samuel Sandra Sara Scott Sean Sergei Sharon Simon
Sofia Stella Stephen Steven Susan Sven Tara Tariq Terry Theo Thomas Tim Tom Tony Ursula Valerie Vera
Victor Victoria Vincent Viktor Walter Wanda Wei Wendy William Yara Yasmin Yusuf Yuki Zachary Zainab Zara
Zoe
"""

NAMES = tuple(_LISTED.split())
